import { PageHeader } from '../../shared/page-header.tsx';

export default function ReplayPage() {
  return <PageHeader title="Replay" />;
}
