import * as z from 'zod';
import { type EnvironmentOf, resourceName } from '../shared/platform/env.ts';
import { FolderObjectStore } from './folder-object-store.ts';
import type { ObjectStore, OpenStore } from './object-store.ts';

/** Variables of a function that uses the archive. */
export const archiveEnvironment = {
  ARCHIVE_BUCKET: resourceName,
  /** On one machine: the folder that plays the bucket. */
  ARCHIVE_FOLDER: z.string().min(1).optional(),
};

export type ArchiveLocation = EnvironmentOf<typeof archiveEnvironment>;

interface S3Module {
  readonly S3ObjectStore: new (bucket: string) => ObjectStore;
}

/** The store these variables name, opened once. */
export function archiveStore({ ARCHIVE_BUCKET, ARCHIVE_FOLDER }: ArchiveLocation): OpenStore {
  let opened: Promise<ObjectStore> | undefined;
  const open = async (): Promise<ObjectStore> => {
    if (ARCHIVE_FOLDER !== undefined) return new FolderObjectStore(ARCHIVE_FOLDER);
    // In the bundle both files stand side by side; see lib/constructs/bundle.ts.
    const file = new URL('./s3-object-store.mjs', import.meta.url).href;
    const { S3ObjectStore } = (await import(file)) as S3Module;
    return new S3ObjectStore(ARCHIVE_BUCKET);
  };
  return () => (opened ??= open());
}
