/** Spanish. */
import { entrance } from './es/entrance';
import type { Words } from './en';
import { choices, fields } from './es/fields';
import { frame } from './es/frame';
import { live } from './es/live';
import { about, access, log, notices, seatsPage } from './es/others';
import { settings } from './es/settings';

export const es: Words = {
  entrance,
  frame,
  live,
  settings,
  fields,
  choices,
  seatsPage,
  log,
  notices,
  access,
  about,
};
