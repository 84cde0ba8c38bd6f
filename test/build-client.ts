import { buildClient } from '../scripts/build-client.ts';

/** Reports made by tests carry the client as it is in the sources now. */
export async function setup(): Promise<void> {
  await buildClient();
}
