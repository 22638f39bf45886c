/** What is wrong with a value, in the reader's words: by the code, which is contract. */
import type { ConfigFault } from '../api/types';
import { t } from '../i18n';
import type { Field } from './schema';

/** Without the path at its front, which the field beside it tells already. */
function bare(fault: ConfigFault): string {
  const text = fault.message.startsWith(`${fault.path}: `)
    ? fault.message.slice(fault.path.length + 2)
    : fault.message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function faultText(fault: ConfigFault, field: Field | undefined): string {
  const w = t.settings.faults;
  const part = /\.pcs\[\d+\]\.(name|address|mac)$/.exec(fault.path)?.[1];
  if (part === 'name') return w.seatName;
  if (part === 'address') return w.seatAddress;
  if (part === 'mac') return w.seatMac;
  const inner = field !== undefined && fault.path !== field.path;
  if (field === undefined || inner) return t.settings.said(bare(fault));
  const { min, max } = field;
  const number = field.kind === 'integer' || field.kind === 'decimal';
  switch (fault.code) {
    case 'wrong_type':
      return number ? (field.kind === 'integer' ? w.whole : w.number) : w.wrongType;
    case 'out_of_range':
      if (field.path === 'monitor_settings.pc_count') return t.settings.said(bare(fault));
      if (number && min !== undefined && max !== undefined) return w.range(min, max);
      if (max !== undefined) return w.length(min ?? 0, max);
      return t.settings.said(bare(fault));
    case 'bad_value':
      if (field.kind === 'host') return w.host;
      if (field.channel !== undefined) return w.webhook;
      if (field.path === 'discord_settings.shop_name') return w.shopName;
      return t.settings.said(bare(fault));
    case 'unknown_key':
    case 'syntax':
      return t.settings.said(bare(fault));
  }
}
