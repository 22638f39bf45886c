/** What is allowed and yet to be thought over: told beside the field and before saving. */
import type { Config } from '../api/types';
import { t } from '../i18n';
import { get } from './document';

const CHANNELS = ['webhook_alerts', 'webhook_occupancy', 'webhook_screenshots'] as const;

/** The warning that belongs to a key; empty where there is none. */
export function warningOf(path: string, config: Config): string {
  const value = get(config, path);
  const w = t.settings.warnings;
  switch (path) {
    case 'system_settings.env_state':
      return value === true ? w.stealth : '';
    case 'api_settings.trusted_networks':
      return Array.isArray(value) && value.length > 0 ? w.trusted : '';
    case 'api_settings.port':
      return String(value) === location.port || location.port === '' ? '' : w.port;
    case 'discord_settings.enabled': {
      const none = CHANNELS.every((name) => get(config, `discord_settings.${name}`) === '');
      return value === true && none ? w.noChannel : '';
    }
    case 'chain_settings.remote_write_url':
    case 'chain_settings.query_url':
      return typeof value === 'string' && /^http:/i.test(value) ? w.plain : '';
    default:
      return '';
  }
}
