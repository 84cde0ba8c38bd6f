import type { Moment, OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import {
  address,
  counter,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  yesNo,
} from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LivePasid, Mark } from './live-objects.ts';
import { flag, lived, markOf } from './lived.ts';
import { Retirement } from './retirement.ts';

export const pageRequestTable: Table = {
  name: 'page_request',
  doc: 'A group of page requests of a device (PCI PRI), from its first request to its one answer.',
  durations: [
    { name: 'answer', from: 'due_ts', to: 'end_ts', doc: 'Its last request to the answer.' },
  ],
  columns: [
    text('iommu', 'IOMMU that received it.'),
    text('dev', 'Device, where the request was recorded.'),
    integer('rid', 'Requester: bus, device and function.'),
    integer('pasid', 'PASID of the requests.'),
    integer('group_index', 'Number of the group, free again once it is answered.'),
    address('address', 'Address of the first request.'),
    yesNo('write', '1 = one of them asks for writing.'),
    counter('requests', 'Requests of the group that were recorded.'),
    reference(
      'process_id',
      'process',
      'process.id the PASID was bound to when the first one came.',
    ),
    moment('due_ts', 'Its last request came: the answer is due, relative ns; NULL = none said so.'),
    ordinal('due_event', 'That event.'),
    integer('code', 'Answer: 0 success, 1 invalid, 15 failure; NULL = none recorded.'),
    yesNo('superseded', '1 = its number was used again: it was answered, but unseen.'),
    counter('gap', 'Requests that the IOMMU counted before this one and that were not recorded.'),
    ...span('its first request was reported', 'answered'),
  ],
  indexes: [['pasid']],
};

/** Page requests and their answers, joined by requester, PASID and group. */
export const pageRequest: Lifetime = {
  kind: 'page-request',
  tables: [pageRequestTable],
  track: (context) => new PageRequestTracker(context),
};

/**
 * prq_event_thread() hands a request on before it tells of it (drivers/iommu/intel/prq.c): the answer,
 * on another CPU, may be told of first.
 */
const ANSWERED_BEFORE_NS = 1e6;
/** A queue holds no more requests than this (PRQ_ORDER 4: 64 KiB of 32 bytes). */
const MOST_OPEN = 4096;

interface Group {
  readonly id: number;
  readonly key: string;
  readonly iommu: string;
  readonly dev: string | undefined;
  readonly rid: number | undefined;
  readonly pasid: number | undefined;
  readonly number: number | undefined;
  readonly address: OccurrenceOf<'iommu.fault'>['address'];
  readonly binding: LivePasid | undefined;
  readonly first: Mark;
  readonly gap: number;
  write: boolean | undefined;
  requests: number;
  due: Mark | undefined;
  closed: boolean;
}

interface Answer {
  readonly key: string;
  readonly response: OccurrenceOf<'page.response'>;
  used: boolean;
}

class PageRequestTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'iommu.fault': (fault) => {
      if (fault.request) this.#requested(fault, fault.request);
    },
    'page.response': (response) => this.#answered(response),
  };
  readonly #context: LifetimeContext;
  readonly #open = new Map<string, Group>();
  readonly #aging = new Retirement<Group>(
    Number.POSITIVE_INFINITY,
    MOST_OPEN,
    (old) => this.#close(old, undefined, undefined, false),
    (old) => old.closed,
  );
  /** Answers whose request may still be told of. */
  readonly #early = new Map<string, Answer>();
  readonly #waiting = new Retirement<Answer>(
    ANSWERED_BEFORE_NS,
    MOST_OPEN,
    (answer) => this.#unasked(answer),
    (answer) => answer.used,
  );
  /** By IOMMU: the last number of its count. */
  readonly #counts = new Map<string, number>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    this.#waiting.empty();
    for (const open of [...this.#open.values()]) this.#close(open, undefined, undefined, false);
  }

  #requested(
    fault: OccurrenceOf<'iommu.fault'>,
    request: NonNullable<OccurrenceOf<'iommu.fault'>['request']>,
  ): void {
    const gap = this.#gapBefore(request.iommu, request.seq);
    if (request.group === undefined) return;
    const key = keyOf(request.iommu, request.rid, fault.pasid, request.group);
    let group = this.#open.get(key);
    if (group?.due) {
      this.#close(group, undefined, undefined, true);
      group = undefined;
    }
    group ??= this.#begin(fault, request, key, gap);
    group.requests += 1;
    if (request.write !== undefined) group.write = group.write === true || request.write;
    if (!request.last) return;
    group.due = markOf(fault);
    this.#answeredBefore(group, fault.ts);
  }

  #begin(
    fault: OccurrenceOf<'iommu.fault'>,
    request: NonNullable<OccurrenceOf<'iommu.fault'>['request']>,
    key: string,
    gap: number,
  ): Group {
    const { live } = this.#context;
    const group: Group = {
      id: this.#context.nextId(pageRequestTable),
      key,
      iommu: request.iommu,
      dev: fault.device === '' ? undefined : fault.device,
      rid: request.rid,
      pasid: fault.pasid,
      number: request.group,
      address: fault.address,
      binding: fault.pasid === undefined ? undefined : live.iommuPasids.get(fault.pasid),
      first: markOf(fault),
      gap,
      write: undefined,
      requests: 0,
      due: undefined,
      closed: false,
    };
    this.#open.set(key, group);
    this.#aging.add(group, fault.ts);
    return group;
  }

  #answeredBefore(group: Group, ts: number): void {
    this.#waiting.advance(ts);
    const answer = this.#early.get(group.key);
    if (!answer) return;
    answer.used = true;
    this.#early.delete(group.key);
    this.#close(group, answer.response, markOf(answer.response), false);
  }

  #answered(response: OccurrenceOf<'page.response'>): void {
    this.#waiting.advance(response.ts);
    const key = keyOf(response.iommu, response.rid, response.pasid, response.group);
    const group = this.#open.get(key);
    if (group?.due) {
      this.#close(group, response, markOf(response), false);
      return;
    }
    const answer: Answer = { key, response, used: false };
    this.#early.set(key, answer);
    this.#waiting.add(answer, response.ts);
  }

  /** Bad requests are refused without being told of (handle_bad_prq_event). */
  #unasked(answer: Answer): void {
    if (this.#early.get(answer.key) === answer) this.#early.delete(answer.key);
    const { response } = answer;
    // the requests before the last one of its group were recorded, the last one was not
    const group = this.#open.get(answer.key);
    if (group) {
      this.#close(group, response, markOf(response), false);
      return;
    }
    this.#context.emit(pageRequestTable, {
      id: this.#context.nextId(pageRequestTable),
      iommu: response.iommu,
      rid: response.rid ?? null,
      pasid: response.pasid ?? null,
      group_index: response.group ?? null,
      requests: 0,
      code: response.code ?? null,
      superseded: 0,
      gap: 0,
      ...lived(this.#context, undefined, markOf(response)),
    });
  }

  #gapBefore(iommu: string, seq: number | undefined): number {
    if (seq === undefined) return 0;
    const before = this.#counts.get(iommu);
    this.#counts.set(iommu, seq);
    return before === undefined || seq <= before ? 0 : seq - before - 1;
  }

  #close(
    over: Group,
    response: (OccurrenceOf<'page.response'> & Moment) | undefined,
    end: Mark | undefined,
    superseded: boolean,
  ): void {
    over.closed = true;
    if (this.#open.get(over.key) === over) this.#open.delete(over.key);
    // an answer told of first is as good as at once
    const answered = end && end.ts < over.first.ts ? { ts: over.first.ts, event: end.event } : end;
    this.#context.emit(pageRequestTable, {
      id: over.id,
      iommu: over.iommu,
      dev: over.dev ?? null,
      rid: over.rid ?? null,
      pasid: over.pasid ?? null,
      group_index: over.number ?? null,
      address: over.address ?? null,
      write: flag(over.write),
      requests: over.requests,
      process_id: over.binding?.process?.id ?? null,
      due_ts: over.due?.ts ?? null,
      due_event: over.due?.event ?? null,
      code: response?.code ?? null,
      superseded: superseded ? 1 : 0,
      gap: over.gap,
      ...lived(this.#context, over.first, answered),
    });
  }
}

function keyOf(
  iommu: string,
  rid: number | undefined,
  pasid: number | undefined,
  group: number | undefined,
): string {
  return `${iommu} ${rid ?? ''} ${pasid ?? ''} ${group ?? ''}`;
}
