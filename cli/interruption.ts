/** Ctrl-C, a request to end, or the end of the process that began this one: the first is heard, a second signal ends at once. */
const signals = ["SIGINT", "SIGTERM"] as const;

/** Runs a task that may be told to stop. */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of signals) process.once(signal, interrupt);
  process.once("disconnect", interrupt);
  try {
    return await task(interruption.signal);
  } finally {
    for (const signal of signals) process.removeListener(signal, interrupt);
    process.removeListener("disconnect", interrupt);
  }
}
