/**
 * The page's only script of ours, bundled with what it imports (scripts/build-client.ts). Without it
 * everything but the plots is still there.
 */
import { hearCopyButtons } from './copy.ts';
import { lightHops } from './hops.ts';
import { hydrateIslands } from './hydrate.tsx';
import { drawPlots } from './plots.ts';
import { openTarget } from './target.ts';

document.documentElement.classList.add('scripted');
hydrateIslands();
hearCopyButtons();
drawPlots();
lightHops();
addEventListener('hashchange', openTarget);
openTarget();
// read by bench/report-bench.ts
performance.mark('svm-trace-usable');
