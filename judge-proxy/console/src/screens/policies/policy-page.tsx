import { PageHeader } from '../../shared/page-header.tsx';

export default function PolicyPage() {
  return <PageHeader title="Policy" />;
}
