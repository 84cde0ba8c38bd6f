#!/usr/bin/env node
import { main } from './commands/main.ts';
import { survivePipes } from './commands/terminal.ts';

survivePipes();
await main(process.argv.slice(2));
