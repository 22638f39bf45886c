/** What stands on every page, and the words that pages share. */

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

export const frame = {
  pages: {
    live: 'Live',
    seats: 'Seats',
    log: 'Log',
    notices: 'Notices',
    settings: 'Settings',
    access: 'Access',
    about: 'About',
  },
  more: 'More',
  navigation: 'Pages',
  toContent: 'Skip to the content',
  demo: 'DEMO',
  demoHint: 'Invented data: no network is watched',
  lost: 'No connection to CafeSentinel.',
  lostSince: (age: string) => `This is what it last said, ${age} ago.`,
  lostHelp: 'Trying again by itself.',
  faults: 'Faults of this program',
  unsaved: 'not saved',

  theme: { label: 'Appearance', system: 'As the system', dark: 'Dark', light: 'Light' },
  language: { label: 'Language', auto: 'As the browser' },

  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  again: 'Try again',
  reload: 'Load again',
  remove: 'Remove',
  undo: 'Undo',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'The browser refused. Select the text and copy it by hand.',
  loading: 'Loading',
  none: 'none',
  yes: 'yes',
  no: 'no',
  on: 'on',
  off: 'off',
  of: (a: number, b: number) => `${a} of ${b}`,
  showMore: 'Show more',
  search: 'Search',
  menu: 'Menu',

  unavailable: {
    title: 'Not in this version yet.',
    text: 'The running program is older than this page and does not offer it. Everything else works; after an update it appears here by itself.',
  },
  locked: {
    title: 'A password is needed.',
    text: 'Log in with the admin password to see this.',
    button: 'Log in',
  },
  failed: {
    title: 'That did not work.',
    unreachable: 'CafeSentinel does not answer at the moment. Nothing was changed.',
    refused: (message: string) => `It said: ${message}`,
  },
  login: {
    title: 'Log in',
    help: 'The admin password that was set during set-up.',
    password: 'Admin password',
    button: 'Log in',
    wrong: 'That password is not right.',
    wait: 'Too many wrong passwords from this device. Wait a minute, then try again.',
  },

  minutes: (n: number) => count(n, 'minute', 'minutes'),
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
};
