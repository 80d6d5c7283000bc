import { PageHeader } from '../../shared/page-header.tsx';

export default function PoliciesPage() {
  return <PageHeader title="Policies" />;
}
