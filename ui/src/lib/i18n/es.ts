/** Spanish. */
import type { Words } from './en';
import { frame } from './es/frame';
import { live } from './es/live';

export const es: Words = { frame, live };
