/** Carries out `work` while no other tab carries out work of the same name. Without Web Locks (outside browsers) there is no other tab. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return locks ? ((await locks.request(name, work)) as T) : work();
}
