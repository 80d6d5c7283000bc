import { PageHeader } from '../../shared/page-header.tsx';

export default function SinksPage() {
  return <PageHeader title="Sinks" />;
}
