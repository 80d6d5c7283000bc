import { PageHeader } from '../../shared/page-header.tsx';

export default function ExchangesPage() {
  return <PageHeader title="Exchanges" />;
}
