/** The work took longer than its deadline. It goes on, and its result may serve the next request. */
export class LateError extends Error {}

/** @throws LateError after so many milliseconds, or what the work throws before */
export async function withinDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(`not done within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // Late work may still fail. This handler only prevents an unhandled-rejection warning.
    work.catch(() => undefined);
  }
}
