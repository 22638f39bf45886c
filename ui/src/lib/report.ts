/** What the program says of itself, as text: for a question or a bug report. In English. */
import type { SiteView } from './api/types';

export function report(site: SiteView, browser: string): string {
  const on = site.seats.filter((seat) => seat.state === 'up');
  const lines = [
    `CafeSentinel ${site.version}${site.demo ? ' (demo)' : ''}`,
    `started ${site.started_at}, now ${site.at}`,
    `cycles ${site.cycle}, missed ${site.missed_beats}, every ${site.interval_ms} ms`,
    ...Object.entries(site.methods).map(([family, method]) => `${family}: ${method}`),
    ...site.targets.map((target) => {
      const notes = [target.reason, target.warning, target.explained_by].filter((n) => n !== null);
      return `${target.target}: ${target.state}, lost ${target.lost}/${target.sent}, ${
        target.rtt_ms ?? '-'
      } ms${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
    }),
    `seats: ${on.length}/${site.seats.length} on, ${
      on.filter((seat) => seat.firewalled).length
    } by ARP only, ${site.sessions} sessions${site.frozen ? ', frozen' : ''}`,
    `headline: ${site.headline.code} ${JSON.stringify(site.headline.params)}`,
    ...site.faults.map((fault) => `fault ${fault.code}: ${fault.message}`),
    `browser: ${browser}`,
  ];
  return `${lines.join('\n')}\n`;
}
