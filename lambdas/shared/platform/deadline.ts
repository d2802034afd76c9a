/** The work was not done in its time. It goes on, and what it finds is there for the next request. */
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
    // Whoever is late may still fail, with nobody left to tell.
    work.catch(() => undefined);
  }
}
