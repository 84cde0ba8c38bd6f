import { type EventAttribute, SAMPLE } from './attribute.ts';
import { SampleLayout, TrailerLayout } from './sample-layout.ts';

/** One event perf was asked to record, and how its samples are laid out. */
export interface IndexedEvent {
  readonly attribute: EventAttribute;
  readonly layout: SampleLayout;
}

/** Finds the event a sample belongs to. */
export class EventIndex {
  readonly events: readonly IndexedEvent[];
  readonly trailer: TrailerLayout | undefined;
  readonly hasChains: boolean;
  readonly #byId = new Map<number, number>();
  /** Where the id stands in every sample; negative where it stands in none or not at one place. */
  readonly idAt: number;

  constructor(attributes: readonly EventAttribute[], littleEndian: boolean) {
    this.events = attributes.map((attribute) => ({
      attribute,
      layout: new SampleLayout(attribute, littleEndian),
    }));
    this.hasChains = this.events.some(({ layout }) => layout.hasCallchain);
    attributes.forEach(({ ids }, event) => {
      for (const id of ids) this.#byId.set(id, event);
    });
    const places = new Set(this.events.map(({ layout }) => layout.id));
    const [place = -1] = places;
    // perf sees to it that all events of a file agree on where the id is (evlist__valid_sample_type)
    this.idAt = places.size === 1 ? place : -1;
    const described =
      attributes.find(({ sampleType }) => (sampleType & SAMPLE.identifier) !== 0) ?? attributes[0];
    this.trailer = described && new TrailerLayout(described);
  }

  /** For files whose samples carry no id at one place: the event whose raw data begins with this type. */
  eventOfType(type: number): number {
    return this.events.findIndex(({ attribute }) => attribute.config === type);
  }

  /** Index of the event with this id; -1 for an id no event has. Id 0 is the first event's (evlist__id2evsel). */
  eventOf(id: number): number {
    const event = this.#byId.get(id);
    if (event !== undefined) return event;
    return id === 0 || this.events.length === 1 ? 0 : -1;
  }
}
