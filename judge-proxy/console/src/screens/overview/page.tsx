import { PageHeader } from '../../shared/page-header.tsx';

export default function OverviewPage() {
  return <PageHeader title="Overview" />;
}
