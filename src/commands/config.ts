/** svm-trace.config.json: what a site wants to be judged otherwise. */
import { existsSync, readFileSync } from 'node:fs';
import type { ThresholdSettings } from '../analyzers/threshold.ts';
import { TraceError } from '../errors.ts';

export interface Config {
  readonly thresholds: ThresholdSettings;
}

/** Looked for in the working directory. */
export const CONFIG_FILE = 'svm-trace.config.json';

const KNOWN_KEYS: readonly string[] = ['$schema', 'thresholds'];

/**
 * Reads `path`, or the file of the working directory where there is one.
 * @throws TraceError when a file that was named is missing, or one is no configuration.
 */
export function readConfig(path?: string): Config {
  if (path === undefined && !existsSync(CONFIG_FILE)) return { thresholds: {} };
  return parseConfig(path ?? CONFIG_FILE);
}

function parseConfig(path: string): Config {
  const value = parseJson(path);
  if (!isRecord(value)) throw new TraceError(`${path} is no configuration: it holds no object`);
  const unknown = Object.keys(value).find((key) => !KNOWN_KEYS.includes(key));
  if (unknown !== undefined) {
    throw new TraceError(`${path}: there is no setting ${unknown}`, {
      hint: `there is ${KNOWN_KEYS.join(', ')}`,
    });
  }
  const { thresholds = {} } = value;
  if (!isRecord(thresholds) || !Object.values(thresholds).every(isRecord)) {
    throw new TraceError(`${path}: thresholds must name detectors, and these their values`, {
      hint: '{ "thresholds": { "invalidate-stall": { "warn": "20 ms" } } }',
    });
  }
  return { thresholds: thresholds as ThresholdSettings };
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TraceError(`${path} cannot be read: ${why}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
