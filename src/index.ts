/** svm-trace as a library. The commands use nothing else. */
export { type Analysis, type AnalyzeOptions, analyze } from './analyzers/analyze.ts';
export { buildResult } from './analyzers/build-result.ts';
export type {
  Detector,
  DetectorMeta,
  DetectorRun,
  Need,
  View,
} from './analyzers/detector.ts';
export { detectors } from './analyzers/detectors/index.ts';
export type {
  Confidence,
  Detail,
  DetailValue,
  EvidenceLine,
  Finding,
  FindingDraft,
  ObjectRef,
  Severity,
} from './analyzers/finding.ts';
export { type Inspection, inspect } from './analyzers/inspect.ts';
export type {
  Distribution,
  ObjectTable,
  Result,
  ResultCapture,
  TimelineItem,
  TimelineLane,
} from './analyzers/result.ts';
export { TraceError } from './errors.ts';
export { type OpenOptions, openCapture, openInput } from './parsers/detect.ts';
export type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  Field,
  Fields,
  FieldValue,
  Loss,
  Problem,
  ReadOptions,
} from './parsers/parser.ts';
export { renderHtml } from './reports/html/render-html.tsx';
export { renderJson } from './reports/json.ts';
export { renderText, type TextOptions } from './reports/text.ts';
export { openStore, type StoreReader } from './store/reader.ts';
export { VERSION } from './version.ts';
