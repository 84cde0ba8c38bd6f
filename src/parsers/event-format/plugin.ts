import type { Fields } from '../parser.ts';
import type { Scope } from './evaluate.ts';

/** Prints the payload of one event from its decoded fields alone. */
export type Print = (fields: Fields) => string;

/**
 * Prints an event type otherwise than its print format says, as a plugin of libtraceevent does (the
 * function tracers: libtracecmd). undefined where the event lacks the fields the plugin needs.
 */
export type Plugin = (scope: Scope, pretty: Print) => Print | undefined;
