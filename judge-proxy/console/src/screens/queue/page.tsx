import { PageHeader } from '../../shared/page-header.tsx';

export default function QueuePage() {
  return <PageHeader title="Queue" />;
}
