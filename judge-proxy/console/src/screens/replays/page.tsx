import { PageHeader } from '../../shared/page-header.tsx';

export default function ReplaysPage() {
  return <PageHeader title="Replays" />;
}
