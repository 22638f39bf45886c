/** Before the dashboard: set-up, login, recovery. */
export const entrance = {
  titles: { login: 'Log in', setup: 'Choose the passwords', recover: 'Take control back' },
  about: {
    login: 'The dashboard of this café is for its owner and staff.',
    setup:
      'Two passwords guard this installation: yours opens the settings, the one of the staff only switches the privacy mode.',
    recover:
      'The vault of this installation was deleted, replaced or damaged, or this is another computer. The recovery code opens it again; new passwords are chosen with it.',
  },
  password: 'Admin password',
  admin: 'Admin password, yours',
  again: 'Admin password again',
  privacy: 'Privacy password, for the staff',
  code: 'Code that the program shows (empty if its link was opened)',
  recovery: 'Recovery code',
  atLeast: 'At least 8 characters.',
  different: 'The two admin passwords are not the same.',
  busy: 'One moment',
  write: {
    title: 'Write this recovery code down',
    text: 'It is shown only once. Keep it away from this computer: it is the only way back when passwords are lost or the computer is replaced.',
    done: 'It is written down',
  },
};
