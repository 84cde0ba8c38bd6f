/** Metrics of what devices ask for: page faults and page requests. */
import { duration, type Metric, perSecond, share } from './metric.ts';

const FAULTS = [['device.fault', 'probe.enter']] as const;

export const deviceMetrics: readonly Metric[] = [
  duration({
    name: 'device-fault-duration',
    title: 'How long does the handler of a device fault take?',
    doc: 'Entry to return of the probed handler of the driver.',
    needs: FAULTS,
    from: 'device_fault',
    value: 'end_ts - start_ts',
    where: `start_ts IS NOT NULL AND end_ts > start_ts`,
  }),
  share({
    name: 'device-fault-failures',
    title: 'How many device faults are not served?',
    doc: 'Faults whose handler returned an error, per 1000 whose return value was recorded.',
    needs: FAULTS,
    from: 'device_fault',
    events: 'sum(ret < 0)',
    per: 'count(ret)',
    unit: 'device faults',
  }),
  perSecond({
    name: 'device-fault-rate',
    title: 'How many page faults do devices report?',
    doc: 'Page faults of devices (handlers and tracepoints of drivers) per second of the capture.',
    needs: FAULTS,
    from: 'device_fault',
    events: `sum(source <> 'iommu')`,
  }),
  perSecond({
    name: 'page-request-rate',
    title: 'How many page requests and faults does the IOMMU report?',
    doc: 'Page requests and translation faults at the IOMMU per second of the capture.',
    needs: [['iommu.fault']],
    from: 'device_fault',
    events: `sum(source = 'iommu')`,
  }),
];
