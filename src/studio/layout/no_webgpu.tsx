// Instead of the studio, where the browser has no WebGPU: what to do about it.
import { deviceMessage } from "../state/runs.js";

export function NoWebGPU() {
  const isMissing = !("gpu" in navigator);
  return (
    <main class="no-webgpu panel">
      <h1>Kiln Studio</h1>
      <h2>{isMissing ? "This browser has no WebGPU" : "WebGPU found no graphics device"}</h2>
      <p>Kiln Studio trains small Transformers in this page, on the graphics card, through WebGPU. {isMissing ? "This browser does not have it, or it is switched off." : "This browser has WebGPU, but offers no device to compute on."}</p>
      {!isSecureContext && <p class="error">This address is not secure, and browsers give WebGPU to https:// and to http://localhost only. Open the page from one of these.</p>}
      <h3>Browsers that have it</h3>
      <ul>
        <li>Chrome and Edge 113 or later on Windows, macOS and ChromeOS; Chrome 121 or later on Android; Chrome on Linux from 144 with Intel graphics, from 147 with NVIDIA</li>
        <li>Firefox 141 or later on Windows, 145 or later on Macs with Apple silicon</li>
        <li>Safari 26 or later on macOS, iPhone and iPad</li>
      </ul>
      <h3>Switches, where the browser is new enough</h3>
      <ul>
        <li>
          Chrome or Edge: open <code>chrome://flags/#enable-unsafe-webgpu</code>, choose Enabled, restart. Look at <code>chrome://gpu</code> for what is switched off and why.
        </li>
        <li>
          Chrome on Linux: start it with <code>--enable-unsafe-webgpu --ozone-platform=x11 --use-angle=vulkan --enable-features=Vulkan,VulkanFromANGLE</code>
        </li>
        <li>
          Without a graphics card, slowly, on the processor: start Chrome with <code>--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader</code>
        </li>
        <li>
          Firefox: open <code>about:config</code>, set <code>dom.webgpu.enabled</code> to true, restart.
        </li>
        <li>Safari 18: Settings, Advanced, Show features for web developers; then Feature Flags, WebGPU.</li>
      </ul>
      <p>
        The same training runs without a browser: <code>npx kiln train</code>.
      </p>
      {deviceMessage.value && (
        <details>
          <summary>What the browser said</summary>
          <pre>{deviceMessage.value}</pre>
        </details>
      )}
      <button class="primary" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}
