import { Button, Center, Text } from '@mantine/core';

interface Props {
  readonly query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
  /** How many are shown. */
  readonly shown: number;
}

/** Foot of a list of pages. */
export function More({ query, shown }: Props) {
  return (
    <Center py="sm">
      {query.hasNextPage ? (
        <Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          Show more
        </Button>
      ) : (
        <Text size="xs" c="dimmed">
          {shown === 0 ? '' : `All ${shown} shown`}
        </Text>
      )}
    </Center>
  );
}
