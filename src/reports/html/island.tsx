import { type FunctionComponent, h, type VNode } from 'preact';
import { InlineJson } from './inline.tsx';
import { type IslandName, type IslandProps, islands } from './islands.ts';

/** A component that acts in the browser, as HTML, with what it was made from beside it. */
export function Island<Name extends IslandName>(props: {
  readonly name: Name;
  readonly props: IslandProps<Name>;
}): VNode {
  const component = islands[props.name] as FunctionComponent<IslandProps<Name>>;
  return (
    <>
      <div data-island={props.name}>{h(component, props.props)}</div>
      <InlineJson data={props.props} />
    </>
  );
}
