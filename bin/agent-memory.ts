import { App } from 'aws-cdk-lib';
import { createApp } from '../lib/app.ts';
import { stageConfig } from '../lib/config.ts';

const stage: unknown = new App().node.tryGetContext('stage');
createApp(stageConfig(typeof stage === 'string' ? stage : 'dev')).synth();
