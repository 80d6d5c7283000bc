import { PageHeader } from '../../shared/page-header.tsx';

export default function ExchangePage() {
  return <PageHeader title="Exchange" />;
}
