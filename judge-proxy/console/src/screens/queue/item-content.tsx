import type { ExchangeDetail } from '../../../../contract/responses.ts';
import { TrafficText } from '../../shared/traffic-text.tsx';

/** What was said, with evidence in place where it may be seen. */
export function ItemContent({ detail }: { detail: ExchangeDetail; blind: boolean }) {
  return (
    <>
      {detail.conversation?.parts.map((part) => (
        <div key={`${part.side} ${part.place}`}>
          <strong>{part.role}</strong>
          <TrafficText text={part.text} />
        </div>
      ))}
    </>
  );
}
