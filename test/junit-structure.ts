/**
 * What readers of JUnit XML rely on (the XSD of Jenkins’ xUnit plugin, junit-10.xsd, and the
 * counting of Surefire): nesting, names, and counts that are those of the cases.
 */
import { DOMParser, type Element } from '@xmldom/xmldom';

const OUTCOMES: Readonly<Record<string, string>> = {
  failure: 'failures',
  error: 'errors',
  skipped: 'skipped',
};
const OUTPUTS: readonly string[] = ['system-out', 'system-err', 'properties'];

/** What is wrong with a report; empty = nothing. */
export function junitComplaints(xml: string): string[] {
  const complaints: string[] = [];
  const onError = (_: unknown, message: string): void => {
    complaints.push(message);
  };
  const root = new DOMParser({ onError }).parseFromString(xml, 'text/xml').documentElement;
  if (root?.tagName !== 'testsuites') return [...complaints, 'the root is not testsuites'];
  const suites = children(root);
  complaints.push(...countComplaints(root));
  for (const suite of suites) {
    if (suite.tagName !== 'testsuite') complaints.push(`${suite.tagName} in testsuites`);
    complaints.push(...countComplaints(suite), ...children(suite).flatMap(caseComplaints));
  }
  return complaints;
}

function caseComplaints(one: Element): string[] {
  const name = `${one.getAttribute('classname')} ${one.getAttribute('name')}`;
  const parts = children(one).map(({ tagName }) => tagName);
  const outcomes = parts.filter((part) => part in OUTCOMES);
  const others = parts.filter((part) => !(part in OUTCOMES || OUTPUTS.includes(part)));
  return [
    ...(one.tagName === 'testcase' ? [] : [`${one.tagName} in a testsuite`]),
    ...(one.getAttribute('name') && one.getAttribute('classname') ? [] : [`${name}: no name`]),
    ...(outcomes.length > 1 ? [`${name}: ${outcomes.join(' and ')}`] : []),
    ...others.map((part) => `${name}: ${part}`),
  ];
}

function countComplaints(parent: Element): string[] {
  const counts = Object.entries({ testcase: 'tests', ...OUTCOMES });
  return counts.flatMap(([tag, attribute]) => {
    const [said, are] = [parent.getAttribute(attribute), parent.getElementsByTagName(tag).length];
    return Number(said) === are ? [] : [`${parent.tagName}: ${attribute} is ${said} for ${are}`];
  });
}

function children(parent: Element): Element[] {
  return [...parent.childNodes].filter((node): node is Element => node.nodeType === 1);
}
