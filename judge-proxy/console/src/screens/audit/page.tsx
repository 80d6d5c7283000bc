import { PageHeader } from '../../shared/page-header.tsx';

export default function AuditPage() {
  return <PageHeader title="Audit" />;
}
