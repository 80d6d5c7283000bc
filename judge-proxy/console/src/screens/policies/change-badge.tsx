import {
  type Icon,
  IconBan,
  IconCircleCheck,
  IconEqual,
  IconEyeOff,
  IconPencil,
  IconSparkles,
  IconX,
} from '@tabler/icons-react';
import { Tag } from '../../shared/tag.tsx';
import { CHANGES_IN_WORDS, type ChangeName, isChange } from './change-words.ts';

const ICONS: Readonly<Record<ChangeName, Icon>> = {
  newly_blocks: IconBan,
  newly_passes: IconCircleCheck,
  first_verdict: IconSparkles,
  changed: IconPencil,
  failed: IconX,
  unchanged: IconEqual,
  not_judged: IconEyeOff,
};

export function ChangeBadge({ change }: { change: string }) {
  if (!isChange(change)) return <Tag tone="quiet" icon={IconPencil} label={change} />;
  return <Tag icon={ICONS[change]} {...CHANGES_IN_WORDS[change]} />;
}
