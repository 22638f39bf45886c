/** English: the pattern of every catalogue. */
import { entrance } from './en/entrance';
import { choices, fields } from './en/fields';
import { frame } from './en/frame';
import { live } from './en/live';
import { about, access, log, notices, seatsPage } from './en/others';
import { settings } from './en/settings';

export const en = {
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

export type Words = typeof en;
