import { TraceError } from '../errors.ts';

const reasons: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  SQLITE_FULL: ['no space left', 'free some space or give another path'],
  SQLITE_IOERR_WRITE: ['it cannot be written', 'see whether the disk is full or damaged'],
  SQLITE_IOERR_FSYNC: ['it cannot be written', 'see whether the disk is full or damaged'],
  SQLITE_CANTOPEN: ['it cannot be created', 'give a path in a directory you may write to'],
  SQLITE_READONLY: ['it is read-only', 'give a path you may write to'],
  ENOSPC: ['no space left', 'free some space or give another path'],
  EDQUOT: ['no quota left', 'free some space or give another path'],
  EACCES: ['permission denied', 'give a path in a directory you may write to'],
  EPERM: ['permission denied', 'give a path in a directory you may write to'],
  EROFS: ['the file system is read-only', 'give a path in a directory you may write to'],
  ENOENT: ['no such directory', 'create it first'],
  ENOTDIR: ['no such directory', 'create it first'],
  EISDIR: ['it is a directory', 'give the path of a file'],
};

/** The user's side of a failed write as a {@link TraceError}; anything else as it is. */
export function storeError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown }).code;
  const known = typeof code === 'string' ? reasons[code] : undefined;
  if (!known) return error;
  return new TraceError(`${path}: ${known[0]}`, { hint: known[1], cause: error });
}
