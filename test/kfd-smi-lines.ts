/**
 * SMI events of amdkfd, written from KFD_EVENT_FMT_* (include/uapi/linux/kfd_ioctl.h): a GPU fault moves
 * 2 MiB of process 4711 to GPU ad5c, whose queues are stopped meanwhile; the process dies of a second
 * fault, and the GPU is reset.
 */
export const SMI_LINES: readonly string[] = [
  'c 1267 vectoradd',
  '7 61000000100000 -4711 @7fa608127(ad5c) R',
  '5 61000000110000 -4711 @7fa608000(200) 0->ad5c ad5c:0 1',
  '9 61000000120000 -4711 ad5c 0',
  '6 61000000900000 -4711 @7fa608000(200) 0->ad5c 1 0',
  '8 61000000910000 -4711 @7fa608127(ad5c) M',
  'a 61000001120000 -4711 ad5c R',
  'a 61000002120000 -4711 ad5c 0',
  'b 61000003120000 -4711 @7fa608000(200) ad5c 2',
  '2 10:3',
  'e 61000004120000 -4711 12',
  '1 1267:vector:add x',
  '3 1 job timeout',
  '4 1 job timeout',
  'd 1267 vectoradd',
];

export const SMI_TEXT: string = `${SMI_LINES.join('\n')}\n`;

/** As `rocm-smi --showevents` prints them: print2DArray of rocm_smi.py. */
export const ROCM_SMI_TEXT: string = [
  '',
  '============================ ROCm System Management Interface ============================',
  '===================================== Show Events ========================================',
  "Press 'q' or 'ctrl + c' to quit",
  'DEVICE\tTIME\tTYPE\tDESCRIPTION',
  '\rGPU[0]:\t\t23:59:58\tVM_FAULT\t1267:vectoradd\r\t',
  '\rGPU[1]:\t\t23:59:59\tTHERMAL_THROTTLE\t10:3\r\t',
  '\rGPU[0]:\t\t00:00:01\tGPU_RESET\t1\r\t',
  '==========================================================================================',
  '=================================== End of ROCm SMI Log ==================================',
  '',
].join('\n');

/** The log of ROCm's runtime (HSA_SVM_PROFILE): svm_profiler.cpp. */
export const ROCR_TEXT: string = [
  'ROCr HMM event: 61000000100000 PAGE_FAULT_START Read GPU0(0x55d0c8a1e2f0) 140351076724736',
  'ROCr HMM event: 61000000110000 MIGRATE_START PAGEFAULT_GPU CPU->GPU0(0x55d0c8a1e2f0) [0x7fa608000000, 0x7fa6081fffff]',
  'ROCr HMM event: 61000000120000 QUEUE_EVICTION SVM GPU0(0x55d0c8a1e2f0)',
  'ROCr HMM event: 61000000900000 MIGRATE_END PAGEFAULT_GPU CPU->GPU0(0x55d0c8a1e2f0) [0x7fa608000000, 0x7fa6081fffff]',
  'ROCr HMM event: 61000000910000 PAGE_FAULT_END Migration GPU0(0x55d0c8a1e2f0) 140351076724736',
  'ROCr HMM event: 61000001120000 QUEUE_RESTORE GPU0(0x55d0c8a1e2f0)',
  'ROCr HMM event: 61000003120000 UNMAP_FROM_GPU UNMAP_FROM_CPU GPU1(0x55d0c8a20000) [0x7fa608000000, 0x7fa6081fffff]',
  'ROCr HMM event error: Read returned -1, Resource temporarily unavailable (11)',
  '',
].join('\n');
