import { PageHeader } from '../../shared/page-header.tsx';

export default function FirstPasswordPage() {
  return <PageHeader title="A password of your own" />;
}
