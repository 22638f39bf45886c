/**
 * One way to ask the engine. Paths are relative to where the page came from; every refusal
 * becomes an {@link ApiError} with the engine's code, which is contract, and its text, which
 * is not.
 */
import type { ConfigFault } from './types';

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the engine could not be reached. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: ConfigFault[] = [],
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The engine is older than this page: it has no such endpoint. */
  get missing(): boolean {
    return this.status === 405 || (this.status === 404 && this.code === 'not_found');
  }

  /** Nobody is there. */
  get unreachable(): boolean {
    return this.status === 0;
  }

  /** Somebody has to log in first. */
  get locked(): boolean {
    return this.status === 401;
  }
}

let whenLocked: () => void = () => {};

/** Whom to tell when the engine asks for a password. */
export function onLocked(tell: () => void): void {
  whenLocked = tell;
}

/** How long an answer may take. */
const PATIENCE_MS = 20_000;

interface Request {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  /** A login's own refusal must not ask for a login. */
  quiet?: boolean;
}

async function send(path: string, request: Request): Promise<Response> {
  try {
    return await fetch(path, {
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    throw new ApiError(0, 'unreachable', error instanceof Error ? error.message : '');
  }
}

async function refusal(response: Response): Promise<ApiError> {
  let body: { code?: unknown; message?: unknown; errors?: unknown } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // Not from the engine, or cut off: the status alone has to do.
  }
  const text = (value: unknown, usual: string) => (typeof value === 'string' ? value : usual);
  return new ApiError(
    response.status,
    text(body.code, response.status === 404 ? 'not_found' : 'unknown'),
    text(body.message, response.statusText),
    Array.isArray(body.errors) ? (body.errors as ConfigFault[]) : [],
  );
}

async function answer(path: string, request: Request): Promise<Response> {
  const response = await send(path, request);
  if (response.ok) return response;
  const error = await refusal(response);
  if (error.locked && request.quiet !== true) whenLocked();
  throw error;
}

export async function ask<T>(path: string, request: Request = {}): Promise<T> {
  const response = await answer(path, request);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, 'bad_answer', 'The answer could not be read');
  }
}

/** A picture or a file. */
export async function askBlob(path: string): Promise<Blob> {
  const response = await answer(path, { headers: { accept: '*/*' } });
  return response.blob();
}

/** `{a: 1, b: undefined}` → `?a=1`. */
export function query(params: Record<string, string | number | boolean | undefined>): string {
  const parts = Object.entries(params).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
