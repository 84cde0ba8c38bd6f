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
  ObjectColumn,
  ObjectTable,
  Result,
  ResultCapture,
  TimelineItem,
  TimelineLane,
} from './analyzers/result.ts';
export { loadRules, withRules } from './analyzers/rules/load-rules.ts';
export { compareRuns } from './compare/compare.ts';
export type {
  CompareSettings,
  Comparison,
  FigureComparison,
  FindingComparison,
  Side,
  Verdict,
} from './compare/comparison.ts';
export { type Gate, gate } from './compare/gate.ts';
export { filesOf, loadRuns } from './compare/inputs.ts';
export { type Run, readRun } from './compare/run.ts';
export { findTrend, type Trend } from './compare/trend.ts';
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
export { renderComparisonMarkdown } from './reports/comparison/markdown.ts';
export { renderComparisonText } from './reports/comparison/text.ts';
export { renderComparisonHtml } from './reports/html/comparison/render-comparison-html.tsx';
export { renderHtml } from './reports/html/render-html.tsx';
export { renderJson } from './reports/json.ts';
export { type MarkdownOptions, renderMarkdown } from './reports/markdown.ts';
export { renderText, type TextOptions } from './reports/text.ts';
export { openStore, type StoreReader } from './store/reader.ts';
export { VERSION } from './version.ts';
