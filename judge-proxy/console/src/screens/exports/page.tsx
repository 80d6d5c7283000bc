import { PageHeader } from '../../shared/page-header.tsx';

export default function ExportsPage() {
  return <PageHeader title="Exports" />;
}
