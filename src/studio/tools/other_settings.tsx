/** Says that what follows was found with settings that the form no longer has. */
export function OtherSettings({ shown }: { shown: boolean }) {
  return shown ? <p class="small warning-text">⚠ Found with other settings than the form has now.</p> : null;
}
