import { describe, expect, it } from 'vitest';

const SOURCES = import.meta.glob<string>('../src/**/*.{ts,svelte}', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Which of our files each of our files imports. */
function graph(sources: Record<string, string>): Map<string, string[]> {
  const resolve = (from: string, path: string): string[] => {
    const base = new URL(path, `file:///${from.replace('../', '')}`).pathname.replace(/^/, '..');
    return [base, `${base}.ts`].filter((file) => file in sources);
  };
  return new Map(
    Object.entries(sources).map(([file, text]) => [
      file,
      [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].flatMap((match) =>
        resolve(file, match[1] ?? ''),
      ),
    ]),
  );
}

/** A cycle, if there is one. */
function cycle(imports: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of imports.get(file) ?? []) {
      const found = walk(next, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const found = walk(file, []);
    if (found) return found;
  }
  return null;
}

describe('the imports', () => {
  it('are really found, also in components', () => {
    const found = graph(SOURCES);
    expect(found.get('../src/App.svelte')).toContain('../src/pages/Live.svelte');
    expect(found.get('../src/pages/Live.svelte')).toContain('../src/state/live.svelte.ts');
  });

  it('go round in no circle', () => {
    expect(cycle(graph(SOURCES))).toBeNull();
  });

  it('would be caught going round in a circle', () => {
    const ring = {
      '../src/a.svelte': "<script>import B from './x/b.svelte';</script>",
      '../src/x/b.svelte': "<script>import { c } from '../c';</script>",
      '../src/c.ts': "import A from './a.svelte';",
    };
    expect(cycle(graph(ring))).toHaveLength(4);
  });

  it('go from the page down, never up', () => {
    const floors = ['lib', 'components', 'state', 'pages'];
    const allowed: Record<string, string[]> = {
      lib: ['lib'],
      components: ['components', 'lib'],
      state: ['state', 'lib'],
      pages: ['pages', 'state', 'components', 'lib'],
    };
    const floor = (file: string) => floors.find((name) => file.startsWith(`../src/${name}/`));
    for (const [file, targets] of graph(SOURCES)) {
      const from = floor(file);
      if (from === undefined) continue;
      for (const target of targets) {
        expect(allowed[from], `${file} → ${target}`).toContain(floor(target));
      }
    }
  });
});
