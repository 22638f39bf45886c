/** The time that stands in the name of a backup, as people read it. */
import { locale } from '../i18n';

/** `config_backup_20260302_140800.json` → `2 Mar 2026, 14:08:00`; else the name itself. */
export function backupTime(name: string): string {
  const at = /_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)/.exec(name);
  if (at === null) return name;
  const [year, month, day, hour, minute, second] = at.slice(1).map(Number);
  // It is local time of the PC that watches; without a zone there is none to convert from.
  const date = new Date(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  return date.toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' });
}
