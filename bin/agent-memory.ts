import { App } from 'aws-cdk-lib';
import { createApp } from '../lib/app.ts';
import { stageConfig } from '../lib/config.ts';

// Only to read `-c stage=…`. Left to itself it would synthesize too, at exit, and replace the real app by an empty one.
const stage: unknown = new App({ autoSynth: false }).node.tryGetContext('stage');
createApp(stageConfig(typeof stage === 'string' ? stage : 'dev')).synth();
