import { type LocalService, type ServiceOptions, startService } from '../local/service.ts';

/**
 * Runs something with a local service of its own: in memory, on a free port, gone when the work is done or interrupted.
 * ASSEMBLY names a synthesized assembly, as for `npm start`.
 */
export async function withService<Result>(
  work: (service: LocalService) => Promise<Result>,
  options: Pick<ServiceOptions, 'database'> = {},
): Promise<Result> {
  const service = await startService({
    ...options,
    port: 0,
    quiet: true,
    assembly: process.env['ASSEMBLY'],
  });
  const interrupted = () => void service.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work(service);
  } finally {
    await service.stop();
  }
}

/** Runs something with the service at `url`, or with one of its own when there is none. */
export const withServiceAt = <Result>(
  url: string | undefined,
  work: (url: string) => Promise<Result>,
): Promise<Result> => (url === undefined ? withService((service) => work(service.url)) : work(url));
