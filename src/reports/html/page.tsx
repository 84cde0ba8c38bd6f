/** The report of one capture: its sections in the order a reader asks for them. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Result } from '../../analyzers/result.ts';
import { CaptureSection } from './capture.tsx';
import { DetectorsSection } from './detectors.tsx';
import { Document } from './document.tsx';
import { Figures, figuresOf } from './figures/figures.tsx';
import { IncidentsSection } from './incidents.tsx';
import { KernelLogSection } from './kernel-log.tsx';
import { DataQuality } from './losses.tsx';
import { ObjectTables } from './objects.tsx';
import { Data } from './page-data.ts';
import { Summary } from './summary.tsx';
import { TimelineDefinitions, TimelineSection } from './timeline/timeline.tsx';

export function Page({ result }: { readonly result: Result }): VNode {
  const data = useContext(Data);
  const figures = figuresOf(result);
  return (
    <Document
      title={`svm-trace: ${result.capture.path}`}
      plots={figures.flatMap((figure) => figure.plots)}
      data={data}
    >
      <TimelineDefinitions />
      <main>
        <Summary result={result} />
        <IncidentsSection result={result} />
        <KernelLogSection groups={result.kernelLog} />
        <TimelineSection result={result} />
        <Figures figures={figures} notDrawn={result.figures.notDrawn} />
        <DetectorsSection result={result} />
        <ObjectTables result={result} />
        <DataQuality losses={result.losses} problems={result.problems} />
        <CaptureSection capture={result.capture} />
      </main>
      <Footer result={result} />
    </Document>
  );
}

function Footer({ result }: { readonly result: Result }): VNode {
  return (
    <footer>
      <p>
        Made by {result.tool.name} {result.tool.version}. Times marked + are relative to the first
        event of the capture. Characters that cannot be seen (control, bidi, zero width) are shown
        as \u escapes.
      </p>
    </footer>
  );
}
