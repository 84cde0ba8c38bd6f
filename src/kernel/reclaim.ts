import { small } from './arguments.ts';
import { kept, type Rule, rule, type Subsystem } from './subsystem.ts';

/** What moves or unmaps pages of a process behind its back: rows that explain an invalidation. */
export const reclaim: Subsystem = {
  name: 'reclaim',
  events: {
    'huge_memory:mm_collapse_huge_page': kept,
    'huge_memory:mm_khugepaged_collapse_file': kept,
    'ksm:ksm_merge_one_page': kept,
    'vmscan:mm_vmscan_kswapd_wake': kept,
    'vmscan:mm_vmscan_kswapd_sleep': kept,
    'compaction:mm_compaction_begin': kept,
    'compaction:mm_compaction_end': kept,
    'vmscan:mm_vmscan_direct_reclaim_begin': begins('direct reclaim'),
    'vmscan:mm_vmscan_direct_reclaim_end': ends('direct reclaim'),
    'vmscan:mm_vmscan_memcg_reclaim_begin': begins('memcg reclaim'),
    'vmscan:mm_vmscan_memcg_reclaim_end': ends('memcg reclaim'),
  },
};

function begins(what: string): Rule {
  return rule('reclaim.begin', (_fields, moment) => ({ kind: 'reclaim.begin', what, ...moment }));
}

function ends(what: string): Rule {
  return rule('reclaim.end', (fields, moment) => ({
    kind: 'reclaim.end',
    what,
    pages: small(fields.nr_reclaimed),
    ...moment,
  }));
}
