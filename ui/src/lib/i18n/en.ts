/** English: the pattern of every catalogue. */
import { frame } from './en/frame';
import { live } from './en/live';

export const en = { frame, live };

export type Words = typeof en;
