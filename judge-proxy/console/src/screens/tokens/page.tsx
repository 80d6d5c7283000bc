import { PageHeader } from '../../shared/page-header.tsx';

export default function TokensPage() {
  return <PageHeader title="Tokens" />;
}
