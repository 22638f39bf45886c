/** What a reader chose for this browser. A browser that keeps nothing gets the usual. */

const PREFIX = 'cafesentinel.';

export function remembered<T extends string>(name: string, usual: T, allowed: readonly T[]): T {
  try {
    const value = localStorage.getItem(PREFIX + name);
    return allowed.find((a) => a === value) ?? usual;
  } catch {
    return usual;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows may refuse: then it holds until the page is closed.
  }
}
