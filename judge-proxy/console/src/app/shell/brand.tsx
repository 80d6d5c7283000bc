import classes from './shell.module.css';

/** Name and mark. */
export function Brand() {
  return (
    <div className={classes.brand}>
      <img src="/icon.svg" alt="" width={26} height={26} />
      <span>Judge proxy</span>
    </div>
  );
}
