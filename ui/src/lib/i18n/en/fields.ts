/** Label and help of every key of the configuration, and the words of its choices. */
import type { FieldPath } from '../../config/schema';

export const fields: Record<FieldPath, { label: string; help: string }> = {
  'targets.router': {
    label: 'Router',
    help: 'The box that leads to the provider. Mostly ends in .1 or .254.',
  },
  'targets.server': {
    label: 'Server',
    help: 'The café’s own server, for games or billing. Empty: none is watched.',
  },
  'targets.internet': {
    label: 'Internet',
    help: 'An address far outside that answers ping, to tell whether the provider works.',
  },
  'verification_settings.secondary_target': {
    label: 'Internet, second address',
    help: 'Asked when the first is silent. Only if both are silent is the provider down.',
  },
  'monitor_settings.interval_seconds': {
    label: 'Look every',
    help: 'Router, server, internet and all seats are asked at once, this often.',
  },
  'monitor_settings.probe_timeout_ms': {
    label: 'Wait for an answer',
    help: 'After this long without an answer a question counts as lost.',
  },
  'verification_settings.retry_delay_seconds': {
    label: 'Ask again after',
    help: 'A silence is confirmed by a second question, this much later.',
  },
  'verification_settings.min_incident_duration_seconds': {
    label: 'An outage lasts at least',
    help: 'What is shorter is logged as jitter and not told.',
  },
  'monitor_settings.presence': {
    label: 'How seats are found',
    help: 'Windows PCs mostly block ping. ARP finds them all the same, within the local network.',
  },
  'monitor_settings.pc_subnet': {
    label: 'Range: network',
    help: 'The first three numbers of the addresses of the PCs.',
  },
  'monitor_settings.pc_start_range': {
    label: 'Range: first address',
    help: 'The last number of the address of PC-1.',
  },
  'monitor_settings.pc_count': {
    label: 'Range: number of PCs',
    help: 'They are named PC-1, PC-2 and so on. 0: no range.',
  },
  'monitor_settings.pcs': {
    label: 'Seats',
    help: 'Seats with names of their own, and seats outside of the range.',
  },
  'occupancy_settings.enabled': {
    label: 'Keep sessions',
    help: 'Notes who sits where and how long, by whether the PC answers.',
  },
  'occupancy_settings.mode': {
    label: 'What is told',
    help: 'Each session as it begins and ends, or only a count each hour.',
  },
  'occupancy_settings.min_session_minutes': {
    label: 'A session lasts at least',
    help: 'A PC that is on for less does not count. The same time must pass before a session ends.',
  },
  'occupancy_settings.batch_delay_seconds': {
    label: 'Gather messages for',
    help: 'Sessions that begin or end close together are told in one message.',
  },
  'occupancy_settings.hourly_snapshot_enabled': {
    label: 'Count each hour',
    help: 'On the hour, how many PCs are in use.',
  },
  'occupancy_settings.opening_hours': {
    label: 'Opening hours',
    help: 'For the share of use and for what happens while the café is closed.',
  },
  'discord_settings.enabled': {
    label: 'Send messages to Discord',
    help: 'While this is off nothing is queued.',
  },
  'discord_settings.shop_name': {
    label: 'Name of the café',
    help: 'Stands above each message and on this page.',
  },
  'discord_settings.webhook_alerts': {
    label: 'Webhook for alerts',
    help: 'Outages and their ends. Best a channel that only the owner reads.',
  },
  'discord_settings.webhook_occupancy': {
    label: 'Webhook for occupancy',
    help: 'Sessions, hourly counts, the daily summary.',
  },
  'discord_settings.webhook_screenshots': {
    label: 'Webhook for pictures',
    help: 'Routine pictures and evidence of outages.',
  },
  'discord_settings.daily_digest': {
    label: 'Daily summary',
    help: 'At closing time, or at 06:00 where the café is always open.',
  },
  'screenshot_settings.enabled': {
    label: 'Take pictures',
    help: 'Never while privacy mode is on.',
  },
  'screenshot_settings.interval_minutes': {
    label: 'A picture every',
    help: 'Sent to the channel for pictures.',
  },
  'screenshot_settings.quality': {
    label: 'Quality',
    help: 'Lower is smaller. 80 can hardly be told from the original.',
  },
  'screenshot_settings.resize_ratio': {
    label: 'Size',
    help: '1 is the full size, 0.5 half of each side.',
  },
  'system_settings.language': {
    label: 'Language of tray and messages',
    help: 'This page follows the browser instead.',
  },
  'system_settings.tray_visibility.clients': {
    label: 'Tray icon: PCs in use',
    help: 'The icon with the number.',
  },
  'system_settings.tray_visibility.internet': {
    label: 'Tray icon: internet',
    help: 'At least one tray icon has to stay.',
  },
  'system_settings.tray_visibility.router': {
    label: 'Tray icon: router',
    help: 'At least one tray icon has to stay.',
  },
  'system_settings.tray_visibility.server': {
    label: 'Tray icon: server',
    help: 'At least one tray icon has to stay.',
  },
  'system_settings.log_retention_days': {
    label: 'Keep the log for',
    help: 'Older logs are deleted.',
  },
  'system_settings.history_retention_days': {
    label: 'Keep the history for',
    help: 'Incidents, sessions and statistics.',
  },
  'system_settings.env_state': {
    label: 'Stealth',
    help: 'Hides every tray icon and the window. The watching goes on.',
  },
  'api_settings.bind': {
    label: 'Listen on',
    help: '0.0.0.0: every network of this PC. 127.0.0.1: this PC only.',
  },
  'api_settings.port': {
    label: 'Port',
    help: 'The page is at this PC’s address, a colon, and this number.',
  },
  'api_settings.allowed_hosts': {
    label: 'Names of this PC',
    help: 'Under which the page may be opened besides addresses, “localhost” and its own name: a Tailscale name, say.',
  },
  'api_settings.allowed_origins': {
    label: 'Other pages that may ask',
    help: 'Exact origins of web pages (CORS), such as https://manager.example.',
  },
  'api_settings.trusted_proxies': {
    label: 'Proxies',
    help: 'Addresses of reverse proxies whose X-Forwarded headers count.',
  },
  'api_settings.trusted_networks': {
    label: 'Networks without a token',
    help: 'CIDR networks from which the old remote manager may come without a token.',
  },
  'chain_settings.site': {
    label: 'Site',
    help: 'The label of this café: a–z, 0–9 and hyphens. Empty: made from its name.',
  },
  'chain_settings.group': { label: 'Group', help: 'A town or a brand, to compare by.' },
  'chain_settings.provider': {
    label: 'Provider',
    help: 'Which company the line is from, to compare by.',
  },
  'chain_settings.link': {
    label: 'Link to this page',
    help: 'Where the common dashboard finds the page of this café.',
  },
  'chain_settings.remote_write_url': {
    label: 'Send figures to',
    help: 'An engine that takes Prometheus remote write. Empty: nothing is sent.',
  },
  'chain_settings.username': {
    label: 'User',
    help: 'Empty: the token is sent as a bearer token.',
  },
  'chain_settings.token': { label: 'Token', help: 'The password or token for sending.' },
  'chain_settings.push_interval_seconds': {
    label: 'Send every',
    help: 'What could not be sent goes later, with its own times.',
  },
  'chain_settings.share_seats': {
    label: 'Send each seat',
    help: 'Besides the count, which seats are on.',
  },
  'chain_settings.query_url': {
    label: 'Read figures from',
    help: 'For the page that shows all cafés.',
  },
  'chain_settings.query_username': { label: 'User for reading', help: 'As above, for reading.' },
  'chain_settings.query_token': { label: 'Token for reading', help: 'As above, for reading.' },
  'chain_settings.heartbeat_url': {
    label: 'Sign of life',
    help: 'An address that is called regularly and raises an alarm when the calls stop.',
  },
};

export const choices: Record<string, string> = {
  'monitor_settings.presence.auto': 'By ping, else by ARP',
  'monitor_settings.presence.icmp': 'By ping only',
  'monitor_settings.presence.arp': 'By ARP only',
  'occupancy_settings.mode.session': 'Sessions and hourly counts',
  'occupancy_settings.mode.timer': 'Hourly counts only',
  'system_settings.language.en': 'English',
  'system_settings.language.es': 'Spanish',
};
