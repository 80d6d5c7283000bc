import { PageHeader } from '../../shared/page-header.tsx';

export default function QualityPage() {
  return <PageHeader title="Quality" />;
}
