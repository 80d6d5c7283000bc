import { TrafficText } from './traffic-text.tsx';

const ADDRESS = 'address:';

/** Who sent it. An address stands for itself; how else a client is known is said. */
export function ClientName({ client, oneLine = false }: { client: string; oneLine?: boolean }) {
  const shown = client.startsWith(ADDRESS) ? client.slice(ADDRESS.length) : client;
  return (
    <span title={client}>
      <TrafficText text={shown} oneLine={oneLine} />
    </span>
  );
}
